-- name: take_turn
-- Waits until nobody else changes documents of this owner; the turn ends with the transaction.
SELECT pg_advisory_xact_lock(:turn);

-- name: find_document
-- One document; its content only where it is wanted.
SELECT content_type, encode(sha1, 'hex'), updated, octet_length(content),
    CASE WHEN :with_content::boolean THEN content END
FROM document WHERE tenant = :tenant AND owner = :owner AND key = :key;

-- name: find_ids
-- The ids of an owner's documents that were changed after a time, in the order of their changes.
SELECT id, updated FROM document
WHERE tenant = :tenant AND owner = :owner AND updated > coalesce(:since::timestamptz, '-infinity')
ORDER BY updated;

-- name: keep_document!
-- A new document, or another in its place; later than every document of the owner, whatever the clock says.
INSERT INTO document (
    tenant, owner, key, resource, activity, agent, registration, id, content_type, content, sha1, updated
)
SELECT :tenant, :owner::bytea, :key::bytea, :resource::text, :activity::text, :agent::text, :registration::uuid,
    :id::text, :content_type::text, :content::bytea, :sha1::bytea,
    greatest(clock_timestamp(), max(updated) + interval '1 microsecond')
FROM document WHERE tenant = :tenant AND owner = :owner
ON CONFLICT (tenant, owner, key) DO UPDATE
SET content_type = excluded.content_type, content = excluded.content, sha1 = excluded.sha1, updated = excluded.updated;

-- name: delete_document!
-- One document.
DELETE FROM document WHERE tenant = :tenant AND owner = :owner AND key = :key;

-- name: delete_documents!
-- Every document of an owner.
DELETE FROM document WHERE tenant = :tenant AND owner = :owner;
