-- What came, where it was repaired: original was read as the statement of this id and digest, by these rules.
-- Written before that statement, which may have been refused in the end; then the row means nothing.
CREATE TABLE statement_repair (
    tenant   integer NOT NULL,
    id       uuid NOT NULL,
    digest   bytea NOT NULL,
    rules    text[] NOT NULL,
    original json NOT NULL,
    received timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, id, digest)
);
