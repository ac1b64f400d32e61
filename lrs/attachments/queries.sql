-- name: kept_contents
-- Those of these hashes whose content is kept whole; from now on it is young again, and swept by nobody.
WITH old AS MATERIALIZED (
    SELECT sha2 FROM attachment
    WHERE tenant = :tenant AND sha2 = ANY (:hashes::bytea[]) AND kept < now() - interval '1 hour' ORDER BY sha2 FOR UPDATE
),
touched AS (
    UPDATE attachment a SET kept = now() FROM old WHERE a.tenant = :tenant AND a.sha2 = old.sha2 RETURNING a.sha2
)
SELECT sha2 FROM touched UNION ALL
SELECT sha2 FROM attachment
WHERE tenant = :tenant AND sha2 = ANY (:hashes::bytea[]) AND kept >= now() - interval '1 hour';

-- name: keep_piece!
-- One piece; another upload of the same content may have written it already.
INSERT INTO attachment_piece AS a (tenant, sha2, piece, data) VALUES (:tenant, :sha2, :piece, :data)
ON CONFLICT (tenant, sha2, piece) DO UPDATE SET kept = now() WHERE a.kept < now() - interval '1 hour';

-- name: keep_content!
-- From now on the content is there, whole.
INSERT INTO attachment (tenant, sha2, length, in_pieces) VALUES (:tenant, :sha2, :length, :in_pieces)
ON CONFLICT DO NOTHING;

-- name: came_with!
-- Which content came with which statement; in one order, so that two requests never wait for each other.
INSERT INTO statement_attachment AS s (tenant, id, sha2)
SELECT DISTINCT :tenant::integer, u.id, u.sha2
FROM unnest(:ids::uuid[], :hashes::bytea[]) AS u (id, sha2) ORDER BY u.id, u.sha2
ON CONFLICT (tenant, id, sha2) DO UPDATE SET kept = now() WHERE s.kept < now() - interval '1 hour';

-- name: contents_of
-- The contents that came with these statements.
SELECT DISTINCT a.sha2, a.length, a.in_pieces
FROM unnest(:ids::uuid[], :hashes::bytea[]) AS u (id, sha2)
JOIN statement_attachment s ON s.tenant = :tenant AND s.id = u.id AND s.sha2 = u.sha2
JOIN attachment a ON a.tenant = s.tenant AND a.sha2 = s.sha2;

-- name: read_piece
-- One piece of a content.
SELECT data FROM attachment_piece WHERE tenant = :tenant AND sha2 = :sha2 AND piece = :piece;
