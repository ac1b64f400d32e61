-- The statement log. {partitioning} is empty on TimescaleDB, where 09_hypertable.sql makes it a hypertable,
-- and PARTITION BY RANGE (stored) on plain PostgreSQL, where 09_partitions.sql adds the partitions.
-- "timestamp": as the client sent it, as an instant; null where it sent none (then it equals stored).
-- keys: 64-bit role-salted hashes of everything a query can ask for.
-- payload: the statement as it came, without stored and authority, which are spliced in on reading.
CREATE TABLE statement (
    tenant      integer NOT NULL,
    position    bigint NOT NULL,
    stored      timestamptz NOT NULL,
    id          uuid NOT NULL,
    "timestamp" timestamptz,
    authority   integer NOT NULL,
    keys        bigint[] NOT NULL,
    payload     json NOT NULL,
    PRIMARY KEY (stored, position)
) {partitioning};
CREATE INDEX statement_position ON statement (position);
CREATE INDEX statement_keys ON statement USING gin (keys) WITH (fastupdate = on, gin_pending_list_limit = 1024);
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON statement
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON statement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
