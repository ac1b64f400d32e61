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

-- name: sayings_heard
-- When these sayings were last made; one that is new in its course is not answered. k.n: which of them.
SELECT k.n, c.last_at, c.last_id
FROM unnest(:courses::uuid[], :claims::uuid[]) WITH ORDINALITY AS k (course, claim, n)
JOIN outline_claim c ON c.tenant = :tenant AND c.course = k.course AND c.claim = k.claim;

-- name: places_of_voided
-- Whose the facts and letters are that are voided, and in which course they count for whom.
SELECT position, id, coalesce(merged_from, person), course, person FROM fact
WHERE tenant = :tenant AND position = ANY (:positions::bigint[])
UNION ALL
SELECT position, statement, key, NULL, NULL FROM dead_letter
WHERE tenant = :tenant AND position = ANY (:positions::bigint[]);
