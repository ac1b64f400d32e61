-- name: lock_all
-- Wait for these locks, one after the other in the order given; alone or beside others, until the transaction ends.
SELECT count(CASE WHEN k.alone THEN pg_advisory_xact_lock(k.key)::text ELSE pg_advisory_xact_lock_shared(k.key)::text END)
FROM unnest(:keys::bigint[], :alone::boolean[]) AS k (key, alone);

-- name: configuration_applied
-- Up to which position what is set is in the rows of a tenant.
SELECT position FROM configuration_applied WHERE tenant = :tenant;

-- name: apply_configuration!
-- What is set up to a position is in the rows of a tenant.
INSERT INTO configuration_applied AS c (tenant, position) VALUES (:tenant, :position)
ON CONFLICT (tenant) DO UPDATE SET position = greatest(c.position, excluded.position);

-- name: control_events
-- What happened beside the statements of a tenant between two positions, of these kinds.
SELECT position, tenant, recorded, kind, payload FROM control_event
WHERE tenant = :tenant AND position > :after AND position <= :until AND kind = ANY (:kinds::text[]) ORDER BY position;

-- name: outline_versions
-- How many times the outlines of these slots have changed.
SELECT slot, version FROM outline_version WHERE tenant = :tenant AND slot = ANY (:slots::integer[]);

-- name: raise_versions
-- Outlines of these slots are others now.
INSERT INTO outline_version AS v (tenant, slot, version)
SELECT :tenant, slot, 1 FROM unnest(:slots::integer[]) AS slot ORDER BY slot
ON CONFLICT (tenant, slot) DO UPDATE SET version = v.version + 1
RETURNING slot, version;

-- name: places_of_voided
-- Whose the facts and letters are that are voided, in which course they count for whom, and whether they say there
-- something of its outline that nobody has said later.
SELECT f.position, f.id, coalesce(f.merged_from, f.person), f.course, f.person, c.last_id IS NOT NULL
FROM fact f LEFT JOIN outline_claim c
    ON c.tenant = f.tenant AND c.course = f.course AND c.claim = f.claim AND c.last_id = f.id
WHERE f.tenant = :tenant AND f.position = ANY (:positions::bigint[])
UNION ALL
SELECT position, statement, key, NULL, NULL, false FROM dead_letter
WHERE tenant = :tenant AND position = ANY (:positions::bigint[]);
