-- Plain PostgreSQL: the partitions of this month and the next, made ahead of time; answers how many were new.
-- Called by the migration, when a server starts, and hourly by the processor.
CREATE OR REPLACE FUNCTION make_statement_partitions(months_ahead integer) RETURNS integer LANGUAGE plpgsql
SET lock_timeout = '1s' AS $$
BEGIN
    RETURN make_statement_partitions_between(now(),
        date_trunc('month', now(), 'UTC') + make_interval(months => months_ahead));
EXCEPTION WHEN lock_not_available THEN
    RETURN 0;  -- somebody reads the log for long, a backup say: whoever waits would make all others wait; next time
END $$;
