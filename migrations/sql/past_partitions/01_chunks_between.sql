-- TimescaleDB: the same name as on plain PostgreSQL; here the chunks make themselves.
CREATE FUNCTION make_statement_partitions_between(first timestamptz, last timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE RETURN 0;
