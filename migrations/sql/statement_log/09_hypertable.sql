-- TimescaleDB, both editions: chunks of seven days.
SELECT create_hypertable('statement', 'stored', chunk_time_interval => interval '7 days', create_default_indexes => false);

-- The same name as on plain PostgreSQL; here the chunks make themselves. They take over the log's row triggers but not
-- the one against TRUNCATE: this gives it to those that lack it, and answers how many. A chunk in use waits for the next
-- call rather than holding up the writers.
CREATE FUNCTION make_statement_partitions(months_ahead integer) RETURNS integer LANGUAGE plpgsql
SET lock_timeout = '1s' AS $$
DECLARE
    chunk regclass;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('make_statement_partitions'));
    FOR chunk IN SELECT c FROM show_chunks('statement') AS c
        WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c AND tgname = 'refuse_truncate')
    LOOP
        EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %s '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', chunk);
        made := made + 1;
    END LOOP;
    RETURN made;
EXCEPTION WHEN lock_not_available THEN
    RETURN 0;
END $$;
