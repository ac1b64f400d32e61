-- name: first_letters
-- Of each key the first letter that is parked, null where none is; no rows where there are no letters.
SELECT key, min(position) FILTER (WHERE state = 'parked') FROM dead_letter WHERE tenant = :tenant GROUP BY key;

-- name: letter
-- One letter.
SELECT position, version, statement, stored, key, learner, state, voided_position, attempts, error, message, frames,
    last_at, decided_by, reason
FROM dead_letter WHERE tenant = :tenant AND position = :position;

-- name: letters_set_free
-- Letters of a key, or of any, that wait for nothing any more, in order.
SELECT w.position FROM dead_letter w
WHERE w.tenant = :tenant AND w.state = 'waiting' AND (:key::bytea IS NULL OR w.key = encode(:key::bytea, 'hex')::uuid)
  AND NOT EXISTS (
    SELECT FROM dead_letter p
    WHERE p.tenant = :tenant AND p.key = w.key AND p.state = 'parked' AND p.position < w.position
)
ORDER BY w.position LIMIT :limit;

-- name: void_letters!
-- What voids statements that have not been digested: the earliest stays.
UPDATE dead_letter d SET voided_position = least(d.voided_position, u.voided_by)
FROM (
    SELECT position, min(voided_by) AS voided_by
    FROM unnest(:positions::bigint[], :voided_by::bigint[]) AS v (position, voided_by) GROUP BY position
) u
WHERE d.tenant = :tenant AND d.position = u.position;

-- name: take_letters
-- Letters whose statements are tried again; answers what voids them.
DELETE FROM dead_letter WHERE tenant = :tenant AND position = ANY (:positions::bigint[])
RETURNING position, voided_position;

-- name: fail_letters!
-- They were tried, and could not be digested.
UPDATE dead_letter SET state = 'parked', attempts = attempts + 1, version = :version, error = :error,
    message = :message, frames = :frames, last_at = :at
WHERE tenant = :tenant AND position = ANY (:positions::bigint[]);

-- name: discard_letter!
-- It never counts.
UPDATE dead_letter SET state = 'discarded', last_at = :at, decided_by = :by, reason = :reason
WHERE tenant = :tenant AND position = :position;

-- name: voided_fact
-- Whether there is a fact, and what voids it.
SELECT voided_position FROM fact WHERE tenant = :tenant AND position = :position;
