-- How far the log has been sent to a Kafka topic: everything at or below position has been acknowledged.
-- stored_floor: as in projection_checkpoint. previous: of each partition, the last position in it.
-- A topic carries the log of one database, every tenant's, so there is no tenant in the key.
CREATE TABLE relay_checkpoint (
    topic        text PRIMARY KEY,
    position     bigint NOT NULL,
    stored_floor timestamptz NOT NULL,
    previous     bigint[] NOT NULL CHECK (cardinality(previous) > 0),
    updated      timestamptz NOT NULL DEFAULT now()
);
