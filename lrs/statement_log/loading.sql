-- name: keep_open!
-- This transaction stays open for as long as the load goes on.
SET LOCAL idle_in_transaction_session_timeout = 0;

-- name: take_place
-- Until the end of this transaction no processor is at work; answers whether that is so.
SELECT pg_try_advisory_xact_lock(:lock);

-- name: begin_chunk
-- Nobody else stores a statement until this transaction ends; its id comes before any position is drawn (safe bound).
-- A chunk may take longer than a statement of a server.
SELECT pg_current_xact_id(), set_config('lock_timeout', :patience, true), set_config('statement_timeout', '0', true);

-- name: keep_others_out!
-- An append waits here for the end of the chunk; readers do not.
LOCK TABLE statement_id IN SHARE ROW EXCLUSIVE MODE;

-- name: look
-- What time it is; the last position that was drawn, which whoever stores anything moves; and whether any statement
-- refers to one that is not there.
SELECT clock_timestamp(), CASE WHEN is_called THEN last_value ELSE 0 END,
    EXISTS (SELECT FROM statement_reference WHERE tenant = :tenant AND keys = '{}')
FROM event_position;

-- name: newest
-- When the newest statement was stored.
SELECT (SELECT stored FROM statement ORDER BY stored DESC LIMIT 1);

-- name: known
-- Those of these statements that are there already, with their digests.
SELECT id, digest FROM statement_id WHERE tenant = :tenant AND id = ANY (:ids::uuid[]);

-- name: draw_positions
-- So many positions, in order.
SELECT array_agg(nextval('event_position')) FROM generate_series(1, :count);

-- name: make_parts
-- The part of the log that these statements need, where it does not make itself.
SELECT make_statement_partitions_between(:first, :last);

-- name: add_voids!
-- What the statements void.
INSERT INTO statement_void (tenant, voided, position, voiding)
SELECT :tenant, * FROM unnest(:voided::uuid[], :positions::bigint[], :voiding::uuid[]);

-- name: add_references!
-- Statements that refer to others; what they are found by is settled after the commit.
WITH r AS (
    INSERT INTO statement_reference (tenant, referrer, target, stored, position, authority)
    SELECT :tenant, * FROM unnest(:referrers::uuid[], :targets::uuid[], :stored::timestamptz[], :positions::bigint[],
        :authorities::integer[])
    RETURNING tenant, referrer, stored
)
INSERT INTO reference_unsettled (tenant, id, stored) SELECT tenant, referrer, stored FROM r ON CONFLICT DO NOTHING;

-- name: note_awaited
-- Those of these statements that others have referred to before they were here; answers them.
INSERT INTO reference_unsettled (tenant, id, stored)
SELECT :tenant, a.id, g.stored FROM unnest(statement_awaited(ARRAY[:tenant]::integer[], :ids::uuid[])) AS a (id)
JOIN statement_id g ON g.tenant = :tenant AND g.id = a.id
ON CONFLICT DO NOTHING RETURNING id;

-- name: read_from!
-- Readers of the log have no reason to look at what was stored so long ago; now they have.
UPDATE projection_checkpoint SET stored_floor = :first WHERE stored_floor > :first;

-- name: note_past!
-- So have those who stand below these positions, and whose checkpoints are elsewhere.
INSERT INTO loaded_past (position, stored) VALUES (:position, :first);

-- name: find_statistics!
-- The planner's picture of the log.
ANALYZE statement, statement_id, statement_reference;

-- name: look_after_parts
-- New parts of the log become immutable as a whole, too.
SELECT make_statement_partitions(3);
