-- Plain PostgreSQL: one partition a month, made ahead of time; answers how many were new.
-- Called by the migration, when a server starts, and hourly by the processor.
CREATE FUNCTION make_statement_partitions(months_ahead integer) RETURNS integer LANGUAGE plpgsql
SET lock_timeout = '1s' AS $$
DECLARE
    month date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
    name text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('make_statement_partitions'));
    FOR i IN 0..months_ahead LOOP
        name := 'statement_' || to_char(month, 'YYYY_MM');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE statement INCLUDING ALL)', name);
            EXECUTE format('ALTER TABLE statement ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name,
                month::text || ' 00:00:00+00', (month + interval '1 month')::date::text || ' 00:00:00+00');
            EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %I '
                'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
            made := made + 1;
        END IF;
        month := (month + interval '1 month')::date;
    END LOOP;
    RETURN made;
EXCEPTION WHEN lock_not_available THEN
    RETURN 0;  -- somebody reads the log for long, a backup say: whoever waits would make all others wait; next time
END $$;
SELECT make_statement_partitions(3);
