-- How far a projection has come: everything at or below position is in its tables.
-- stored_floor: whatever lies above position was stored at or after this instant (bounds the read to a few chunks).
CREATE TABLE projection_checkpoint (
    projection   text NOT NULL,
    shard        integer NOT NULL,
    version      integer NOT NULL,
    position     bigint NOT NULL,
    stored_floor timestamptz NOT NULL,
    updated      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (projection, shard)
);
