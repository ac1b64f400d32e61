-- name: hold_shards
-- The checkpoints of these shards, held until the transaction ends: one writer a shard.
SELECT shard, position, stored_floor, version FROM projection_checkpoint
WHERE projection = :projection AND shard = ANY (:shards::integer[]) ORDER BY shard FOR UPDATE;

-- name: move_shards!
-- Checkpoints that are held move on.
UPDATE projection_checkpoint c SET position = u.position, stored_floor = u.stored_floor, updated = now()
FROM unnest(:shards::integer[], :positions::bigint[], :floors::timestamptz[]) AS u (shard, position, stored_floor)
WHERE c.projection = :projection AND c.shard = u.shard;

-- name: projections_by_shards
-- Under which names shards keep the read models.
SELECT DISTINCT projection FROM projection_checkpoint WHERE projection LIKE :prefix || '/%%';

-- name: split
-- So many shards go on where the whole stands.
INSERT INTO projection_checkpoint (projection, shard, version, position, stored_floor)
SELECT :shared, n, c.version, c.position, c.stored_floor
FROM projection_checkpoint c, generate_series(0, :shards - 1) AS n
WHERE c.projection = :projection AND c.shard = 0;

-- name: mark_split!
-- Whoever believes that the whole is his finds another checkpoint than he left. An earlier floor is as true.
UPDATE projection_checkpoint SET stored_floor = stored_floor - interval '1 microsecond'
WHERE projection = :projection AND shard = 0;

-- name: begin_configuration!
-- What is set is in the rows of every tenant as far as the whole stands.
INSERT INTO configuration_applied (tenant, position)
SELECT t.tenant, c.position FROM tenant t, projection_checkpoint c WHERE c.projection = :projection AND c.shard = 0
ON CONFLICT (tenant) DO UPDATE SET position = excluded.position;

-- name: follow_shards
-- The whole stands where the shard stands that is furthest behind.
UPDATE projection_checkpoint c SET position = s.position, stored_floor = s.stored_floor, updated = now()
FROM (SELECT position, stored_floor FROM projection_checkpoint WHERE projection = :shared ORDER BY position LIMIT 1) s
WHERE c.projection = :projection AND c.shard = 0 AND c.position < s.position
RETURNING c.position;

-- name: all_shards
-- Where the shards stand, held until the transaction ends.
SELECT shard, position, stored_floor, version FROM projection_checkpoint
WHERE projection = :shared ORDER BY shard FOR UPDATE;

-- name: join_shards!
-- The whole stands where all shards stand.
UPDATE projection_checkpoint SET position = :position, stored_floor = :stored_floor, updated = now()
WHERE projection = :projection AND shard = 0;

-- name: end_shards!
-- A projection is not kept by shards.
DELETE FROM projection_checkpoint WHERE projection LIKE :prefix || '/%%';

-- name: forget_changes!
-- Nothing waits to be told.
DELETE FROM untold_change;

-- name: note_changes!
-- Rows are others now, which is to be told when the whole has reached this position.
INSERT INTO untold_change (position, changes) VALUES (:position, :changes);

-- name: take_changes
-- What is to be told when the whole stands at a position, in order of the commits as far as they depend on each other;
-- of more than so many bytes nothing but how many there are.
WITH told AS (DELETE FROM untold_change WHERE position <= :position RETURNING number, changes),
size AS (SELECT sum(length(changes)) AS bytes FROM told)
SELECT CASE WHEN size.bytes <= :most THEN told.changes END FROM told, size ORDER BY told.number;
