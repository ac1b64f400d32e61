-- Content cut into pieces of 1,048,576 bytes, the last one shorter: written and read one by one, in short transactions.
-- The size of a piece may never change: two uploads of the same content complete each other.
CREATE TABLE attachment_piece (
    tenant integer NOT NULL,
    sha2   bytea NOT NULL,
    piece  integer NOT NULL,
    data   bytea NOT NULL CHECK (octet_length(data) BETWEEN 1 AND 1048576),
    PRIMARY KEY (tenant, sha2, piece)
);
