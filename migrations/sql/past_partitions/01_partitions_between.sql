-- Plain PostgreSQL: the partitions of all months from one instant to another; answers how many were new.
CREATE FUNCTION make_statement_partitions_between(first timestamptz, last timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    month date := date_trunc('month', first AT TIME ZONE 'UTC')::date;
    name text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('make_statement_partitions'));
    WHILE month <= (last AT TIME ZONE 'UTC')::date LOOP
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
END $$;
