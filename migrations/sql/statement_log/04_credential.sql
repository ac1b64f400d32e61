-- What a client signs in with. secret_hash: blake2b keyed with the tenant's salt; the secret itself is never kept.
CREATE TABLE credential (
    key         text PRIMARY KEY,
    tenant      integer NOT NULL,
    secret_hash bytea NOT NULL,
    authority   integer NOT NULL REFERENCES authority,
    created     timestamptz NOT NULL DEFAULT now(),
    disabled    timestamptz
);
