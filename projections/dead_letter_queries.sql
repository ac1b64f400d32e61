-- name: letter_told
-- One letter, and the one that it waits for.
SELECT l.position, l.statement, l.stored, l.learner, l.state,
    (SELECT min(p.position) FROM dead_letter p
     WHERE l.state = 'waiting' AND p.tenant = l.tenant AND p.key = l.key AND p.state = 'parked'),
    l.attempts, l.version, l.error, l.message, l.last_at, l.decided_by, l.reason, l.frames,
    l.voided_position IS NOT NULL
FROM dead_letter l WHERE l.tenant = :tenant AND l.position = :position;

-- name: count_letters
-- How many letters there are of each state, and the oldest that is parked.
SELECT count(*) FILTER (WHERE state = 'parked'), count(*) FILTER (WHERE state = 'waiting'),
    count(*) FILTER (WHERE state = 'discarded'), min(position) FILTER (WHERE state = 'parked')
FROM dead_letter WHERE tenant = :tenant;
