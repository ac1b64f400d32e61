-- A tenant: whose statements these are. Every other table begins its key with it.
-- salt: 32 random bytes; keys every hash of this tenant (search keys, secrets, cursors).
CREATE TABLE tenant (
    tenant  integer PRIMARY KEY,
    name    text NOT NULL UNIQUE,
    salt    bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
    created timestamptz NOT NULL DEFAULT now()
);
INSERT INTO tenant (tenant, name) VALUES (1, 'default');
