-- Which content came with which statement (xAPI Communication 1.5.2): whoever only names a hash is given nothing.
-- id: of a statement that may have been refused in the end; then the row means nothing.
CREATE TABLE statement_attachment (
    tenant integer NOT NULL,
    id     uuid NOT NULL,
    sha2   bytea NOT NULL,
    PRIMARY KEY (tenant, id, sha2)
);
