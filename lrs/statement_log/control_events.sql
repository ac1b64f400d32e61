-- name: control_events_after
-- Events of some kinds of one tenant, in order of position; by the index of those that configure.
SELECT position, tenant, recorded, kind, payload FROM control_event
WHERE position > :after AND position <= :until AND tenant = :tenant AND kind = ANY (:kinds::text[])
    AND kind NOT IN ('clock.tick', 'retention')
ORDER BY position LIMIT :limit;

-- name: control_events_before
-- Events of some kinds of one tenant, the newest first: all, or those of a course. What maps an activity is of every
-- course that it was ever mapped to, for it leaves one when it goes to another. Of an outline, which may be long, there
-- is what it is called and where it comes from.
SELECT position, tenant, recorded, kind,
    CASE WHEN kind = 'outline.set' AND json_typeof(payload -> 'outline') = 'object' THEN json_build_object(
        'by', payload -> 'by', 'reason', payload -> 'reason', 'course', payload -> 'course',
        'outline', json_build_object(
            'title', payload -> 'outline' -> 'title', 'source', payload -> 'outline' -> 'source'
        )
    ) ELSE payload END
FROM control_event
WHERE position < :before AND tenant = :tenant AND kind = ANY (:kinds::text[])
    AND kind NOT IN ('clock.tick', 'retention') AND (
    :course::text IS NULL OR payload ->> 'course' = :course::text OR (
        kind = 'mapping.set' AND payload ->> 'activity' IN (
            SELECT payload ->> 'activity' FROM control_event
            WHERE tenant = :tenant AND kind = 'mapping.set' AND payload ->> 'course' = :course::text
        )
    )
)
ORDER BY position DESC LIMIT :limit;
