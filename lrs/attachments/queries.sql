-- name: kept_contents
-- Those of these hashes whose content is kept whole; from now on nobody sweeps it. An old object is not among them, for a
-- sweep that broke off may have removed it: it is put again, and only then young (keep_content). Whoever waited for
-- another one's look at the same old content is told what that has made of it.
WITH old AS MATERIALIZED (
    SELECT sha2 FROM attachment
    WHERE tenant = :tenant AND sha2 = ANY (:hashes::bytea[]) AND kept < now() - interval '1 hour'
),
locked AS MATERIALIZED (
    SELECT a.sha2, a.in_pieces, a.kept FROM old JOIN attachment a ON a.tenant = :tenant AND a.sha2 = old.sha2
    ORDER BY a.sha2 FOR UPDATE OF a
),
touched AS (
    UPDATE attachment a SET kept = CASE WHEN a.in_pieces THEN now() ELSE greatest(a.kept, now() - interval '2 hours') END
    FROM locked l WHERE a.tenant = :tenant AND a.sha2 = l.sha2 AND l.kept < now() - interval '1 hour'
)
SELECT sha2 FROM locked WHERE in_pieces OR kept >= now() - interval '1 hour'
UNION
SELECT sha2 FROM attachment
WHERE tenant = :tenant AND sha2 = ANY (:hashes::bytea[]) AND kept >= now() - interval '1 hour';

-- name: keep_piece!
-- One piece; another upload of the same content may have written it already.
INSERT INTO attachment_piece AS a (tenant, sha2, piece, data) VALUES (:tenant, :sha2, :piece, :data)
ON CONFLICT (tenant, sha2, piece) DO UPDATE SET kept = now() WHERE a.kept < now() - interval '1 hour';

-- name: keep_content!
-- From now on the content is there, whole.
INSERT INTO attachment AS a (tenant, sha2, length, in_pieces) VALUES (:tenant, :sha2, :length, :in_pieces)
ON CONFLICT (tenant, sha2) DO UPDATE SET kept = now(), in_pieces = a.in_pieces OR excluded.in_pieces
WHERE a.kept < now() - interval '1 hour';

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
