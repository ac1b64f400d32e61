-- When a piece, or what came with which statement, was kept last: what is young may belong to a request that goes on.
ALTER TABLE attachment_piece ADD COLUMN kept timestamptz NOT NULL DEFAULT now();
ALTER TABLE statement_attachment ADD COLUMN kept timestamptz NOT NULL DEFAULT now();
-- Whether anybody has a content still.
CREATE INDEX statement_attachment_sha2 ON statement_attachment (tenant, sha2);
