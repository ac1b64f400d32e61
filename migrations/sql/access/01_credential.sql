-- scopes: what the credential may do (xAPI 1.0.3 Communication 4.2); those made before there were scopes keep it all.
-- name: what people call it. previous_hash: of the secret before the last rotation, good until previous_until.
ALTER TABLE credential
    ADD COLUMN name text,
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{all}',
    ADD COLUMN rotated timestamptz,
    ADD COLUMN previous_hash bytea,
    ADD COLUMN previous_until timestamptz,
    ADD CHECK (cardinality(scopes) > 0 AND scopes <@ '{statements/write,statements/read/mine,statements/read,state,'
        'define,profile,all/read,all}');
ALTER TABLE credential ALTER COLUMN scopes DROP DEFAULT;
