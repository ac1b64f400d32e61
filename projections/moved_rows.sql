-- name: wait_for_the_log!
-- Looking through a long log takes longer than a transaction may otherwise be idle.
SET LOCAL idle_in_transaction_session_timeout = 0;

-- name: move_persons
-- Facts of these identifiers, which counted for one person, count for another: so many at a time. Answers what they were.
WITH moving AS MATERIALIZED (
    SELECT f.position, f.course, f.activity, f.registration, f.voided_position, k.own, k.old, k.new
    FROM unnest(:owns::uuid[], :olds::uuid[], :news::uuid[]) AS k (own, old, new)
    JOIN fact f ON f.tenant = :tenant AND f.person = k.old AND coalesce(f.merged_from, f.person) = k.own
    LIMIT :limit
),
moved AS (
    UPDATE fact f SET person = m.new, merged_from = nullif(m.own, m.new) FROM moving m
    WHERE f.tenant = :tenant AND f.position = m.position
)
SELECT course, activity, old, new, registration, voided_position FROM moving;

-- name: places_of_facts
-- Where these facts are.
SELECT position, course, activity, person, claim, placement, voided_position FROM fact
WHERE tenant = :tenant AND position = ANY (:positions::bigint[]);

-- name: place_by_outline
-- Facts on these nodes that say no course themselves are in this one, or in none: so many at a time. Answers what they were.
WITH moving AS MATERIALIZED (
    SELECT f.position, f.course, k.course AS new, f.activity, f.person, f.claim, f.registration, f.at, f.id, f.voided_position
    FROM unnest(:nodes::uuid[], :courses::uuid[]) AS k (node, course)
    JOIN fact f ON f.tenant = :tenant AND f.activity = k.node AND f.placement IN ('registration', 'unassigned', 'outline')
    WHERE f.claim IS NOT NULL
      AND CASE WHEN k.course IS NULL THEN f.placement = 'outline' ELSE f.placement <> 'outline' OR f.course <> k.course END
    LIMIT :limit
),
moved AS (
    UPDATE fact f SET course = m.new, placement = CASE WHEN m.new IS NULL THEN 'unassigned' ELSE 'outline' END
    FROM moving m WHERE f.tenant = :tenant AND f.position = m.position
)
SELECT course, new, activity, person, claim, registration, at, id, voided_position FROM moving;

-- name: set_merged_from!
-- Which identifiers count for these persons.
UPDATE person p SET merged_from = m.identifiers
FROM (
    SELECT k.person, coalesce(array_agg(u.identifier ORDER BY u.identifier COLLATE "C")
        FILTER (WHERE u.identifier IS NOT NULL), '{}') AS identifiers
    FROM unnest(:persons::uuid[]) AS k (person)
    LEFT JOIN unnest(:into::uuid[], :identifiers::text[]) AS u (person, identifier) ON u.person = k.person
    GROUP BY k.person
) m
WHERE p.tenant = :tenant AND p.person = m.person AND p.merged_from <> m.identifiers;
