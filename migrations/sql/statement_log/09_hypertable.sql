-- TimescaleDB, both editions: chunks of seven days.
SELECT create_hypertable('statement', 'stored', chunk_time_interval => interval '7 days', create_default_indexes => false);

-- The same name as on plain PostgreSQL; here the chunks make themselves.
CREATE FUNCTION make_statement_partitions(months_ahead integer) RETURNS integer LANGUAGE sql AS 'SELECT 0';
