-- name: activities
-- A page of the activities whose statements no course was found for: each found behind the one before by the index,
-- and of each the statements counted up to :most, the first and the last.
WITH RECURSIVE activities AS (
    (
        SELECT activity, 1 AS number FROM unassigned
        WHERE tenant = :tenant AND activity > coalesce(:after::uuid, '00000000-0000-0000-0000-000000000000')
        ORDER BY activity LIMIT 1
    )
    UNION ALL
    SELECT n.activity, a.number + 1
    FROM activities a CROSS JOIN LATERAL (
        SELECT activity FROM unassigned WHERE tenant = :tenant AND activity > a.activity ORDER BY activity LIMIT 1
    ) n
    WHERE a.number < :limit
)
SELECT a.activity, i.iri, c.statements::integer, b.at, e.at, e.id, e.reason
FROM activities a
LEFT JOIN iri i ON i.tenant = :tenant AND i.id = a.activity
CROSS JOIN LATERAL (
    SELECT count(*) AS statements
    FROM (SELECT FROM unassigned WHERE tenant = :tenant AND activity = a.activity LIMIT :most) s
) c
CROSS JOIN LATERAL (
    SELECT at FROM unassigned WHERE tenant = :tenant AND activity = a.activity ORDER BY at, id LIMIT 1
) b
CROSS JOIN LATERAL (
    SELECT at, id, reason FROM unassigned WHERE tenant = :tenant AND activity = a.activity
    ORDER BY at DESC, id DESC LIMIT 1
) e
ORDER BY a.activity;
