-- name: offer_definitions
-- Definitions of activities that have none yet; the others are locked, and left out of the answer.
INSERT INTO activity_definition AS a (tenant, key, activity, version, definition)
SELECT tenant, key, activity, 1, definition::json
FROM unnest(:tenants::integer[], :keys::bytea[], :activities::text[], :definitions::text[])
    AS u (tenant, key, activity, definition)
ORDER BY tenant, key
ON CONFLICT (tenant, key) DO UPDATE SET version = a.version WHERE false
RETURNING tenant, key;

-- name: held_definitions
-- What there is, which nobody else changes while it is locked.
SELECT tenant, key, version, definition::text FROM activity_definition
JOIN unnest(:tenants::integer[], :keys::bytea[]) AS u (tenant, key) USING (tenant, key);

-- name: change_definitions!
-- The next versions.
UPDATE activity_definition a SET version = a.version + 1, definition = u.definition::json
FROM unnest(:tenants::integer[], :keys::bytea[], :definitions::text[]) AS u (tenant, key, definition)
WHERE a.tenant = u.tenant AND a.key = u.key;

-- name: definitions_of
-- The definitions of these activities.
SELECT activity, definition::text FROM activity_definition WHERE tenant = :tenant AND key = ANY (:keys::bytea[]);
