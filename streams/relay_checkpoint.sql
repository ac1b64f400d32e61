-- name: relay_checkpoint
-- How far a topic has been served.
SELECT position, stored_floor, previous FROM relay_checkpoint WHERE topic = :topic;

-- name: begin_relay_checkpoint!
-- A topic that nothing has been sent to.
INSERT INTO relay_checkpoint (topic, position, stored_floor, previous)
VALUES (:topic, :position, :stored_floor, :previous::bigint[]);

-- name: move_relay_checkpoint
-- By compare and set; a row where it was at `expected`.
UPDATE relay_checkpoint
SET position = :position, stored_floor = :stored_floor, previous = :previous::bigint[], updated = clock_timestamp()
WHERE topic = :topic AND position = :expected AND cardinality(previous) = cardinality(:previous::bigint[])
RETURNING topic;

-- name: seconds_since_relayed
-- How long ago a topic's checkpoint was last moved or confirmed.
SELECT extract(epoch FROM clock_timestamp() - updated)::double precision FROM relay_checkpoint WHERE topic = :topic;
