-- Where in a partition a worker that takes it over may begin to read. A hint: the checkpoint says what is applied.
CREATE TABLE shard_offset (
    topic     text NOT NULL,
    partition integer NOT NULL,
    next      bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);
