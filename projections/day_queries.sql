-- name: course_days
-- A page of a course's days: which they are is found day by day in an index, and then all that is theirs is read at once.
WITH RECURSIVE days AS (
    (
        SELECT day, 1 AS number FROM activity_daily
        WHERE tenant = :tenant AND course = :course
            AND day >= coalesce(:since::date, '-infinity') AND day > coalesce(:after::date, '-infinity')
            AND day < coalesce(:until::date, 'infinity')
        ORDER BY day LIMIT 1
    )
    UNION ALL
    SELECT n.day, d.number + 1
    FROM days d CROSS JOIN LATERAL (
        SELECT day FROM activity_daily
        WHERE tenant = :tenant AND course = :course AND day > d.day AND day < coalesce(:until::date, 'infinity')
        ORDER BY day LIMIT 1
    ) n
    WHERE d.number < :limit
)
SELECT day, enrolled, active, started, completed, events, completions, mean_score::double precision,
    median_score::double precision
FROM course_daily
WHERE tenant = :tenant AND course = :course
    AND day >= (SELECT min(day) FROM days) AND day <= (SELECT max(day) FROM days)
ORDER BY day;
