-- name: moving_events
-- What was ever set of a tenant that says where activities belong, who is who, or something of a learner.
SELECT position, tenant, recorded, kind, payload FROM control_event
WHERE tenant = :tenant AND kind = ANY (:kinds::text[]) AND kind <> 'clock.tick' ORDER BY position;

-- name: outline_then
-- The outline of the course at a position, where any outline of the tenant was set since; its course is told by its name.
SELECT payload FROM control_event
WHERE tenant = :tenant AND kind = 'outline.set' AND position <= :until
    AND payload ->> 'course' = (SELECT iri FROM iri WHERE tenant = :tenant AND id = :course)
    AND EXISTS (SELECT FROM control_event WHERE tenant = :tenant AND kind = 'outline.set' AND position > :until)
ORDER BY position DESC LIMIT 1;

-- name: facts_of_course
-- How many statements the course has now, up to a position: about as many as it had there.
SELECT count(*) FROM fact WHERE tenant = :tenant AND course = :course AND position <= :until;

-- name: statements_of_course
-- Statements up to a position, each learner's together, with what voids them now. `own`: of the course now, or at one of
-- these positions, or on one of these nodes without saying a course themselves. To them come those of the same registrations, which decide where they belong; all statements of
-- learners whose identifiers were ever merged; and of everybody else the statement that tells their name last.
WITH own AS (
    SELECT position, person, registration, voided_position FROM fact
    WHERE tenant = :tenant AND course = :course AND position <= :until
    UNION
    SELECT f.position, f.person, f.registration, f.voided_position
    FROM unnest(:others::bigint[]) AS o (position) JOIN fact f ON f.tenant = :tenant AND f.position = o.position
    WHERE f.position <= :until
    UNION
    SELECT f.position, f.person, f.registration, f.voided_position
    FROM unnest(:nodes::uuid[]) AS n (node) JOIN fact f ON f.tenant = :tenant AND f.activity = n.node
    WHERE f.placement IN ('registration', 'unassigned', 'outline') AND f.position <= :until
), merged AS (
    SELECT * FROM unnest(:persons::uuid[], :groups::integer[]) AS m (person, of)
), registrations AS (
    SELECT DISTINCT person, registration FROM own WHERE person IS NOT NULL AND registration IS NOT NULL
), learners AS (
    SELECT DISTINCT person FROM own WHERE person IS NOT NULL UNION SELECT unnest(:spoken_of::uuid[])
), one_of_several AS (
    SELECT person FROM merged WHERE of IN (SELECT m.of FROM learners l JOIN merged m USING (person))
), registered AS (
    SELECT f.position, f.person, f.voided_position
    FROM registrations r JOIN fact f ON f.tenant = :tenant AND f.person = r.person AND f.registration = r.registration
    WHERE f.course IS DISTINCT FROM :course AND f.position <= :until
), of_several AS (
    SELECT f.position, f.person, f.voided_position
    FROM one_of_several s JOIN fact f ON f.tenant = :tenant AND f.person = s.person WHERE f.position <= :until
), named AS (
    SELECT n.position, l.person, n.voided_position FROM learners l CROSS JOIN LATERAL (
        SELECT f.position, f.voided_position FROM fact f
        WHERE f.tenant = :tenant AND f.person = l.person AND f.actor_name IS NOT NULL AND f.position <= :until
            AND (f.voided_position IS NULL OR f.voided_position > :until)
        ORDER BY f.at DESC, f.id DESC LIMIT 1
    ) n
)
SELECT position, voided_position FROM (
    SELECT position, person, voided_position FROM own
    UNION SELECT * FROM registered UNION SELECT * FROM of_several UNION SELECT * FROM named
) s ORDER BY person, position;
