-- The content of an attachment that is kept whole, once a tenant and hash (xAPI Data 2.4.11): its row is written last.
-- sha2: the hash itself, of 28, 32, 48 or 64 bytes. length: bytes of content.
-- in_pieces: the content lies in attachment_piece; otherwise in the object store of LRS_ATTACHMENT_URL.
CREATE TABLE attachment (
    tenant    integer NOT NULL,
    sha2      bytea NOT NULL,
    length    bigint NOT NULL,
    in_pieces boolean NOT NULL,
    kept      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, sha2)
);
