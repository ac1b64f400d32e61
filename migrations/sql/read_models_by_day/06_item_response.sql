-- What learners answered, a row for each response. docs/read-models.md, section 12.
CREATE VIEW item_response AS
SELECT f.tenant, f.course, f.activity AS node, f.person, f.id, f.at,
    coalesce(f.attempt, 'response:' || f.id) AS attempt, f.response,
    coalesce(f.success, f.score = 1) AS success,
    coalesce(f.score, CASE WHEN f.success THEN 1 WHEN NOT f.success THEN 0 END) AS score, f.duration,
    NOT EXISTS (
        SELECT FROM fact b
        WHERE b.tenant = f.tenant AND b.course = f.course AND b.activity = f.activity AND b.person = f.person
            AND b.event IN ('answered', 'evaluated') AND b.voided_position IS NULL AND (b.at, b.id) < (f.at, f.id)
    ) AS first_try,
    f.attempt IS NULL OR NOT EXISTS (
        SELECT FROM fact l
        WHERE l.tenant = f.tenant AND l.course = f.course AND l.activity = f.activity AND l.person = f.person
            AND l.event IN ('answered', 'evaluated') AND l.voided_position IS NULL AND l.attempt = f.attempt
            AND (l.at, l.id) > (f.at, f.id)
    ) AS final
FROM fact f JOIN outline_node o ON o.tenant = f.tenant AND o.course = f.course AND o.node = f.activity
WHERE o.kind = 'item' AND o.rule <> 'none' AND f.event IN ('answered', 'evaluated') AND f.person IS NOT NULL
    AND f.voided_position IS NULL;
