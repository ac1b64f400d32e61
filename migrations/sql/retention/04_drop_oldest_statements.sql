-- The one way out of the log, for its owner alone: drops its oldest part, if every statement of it was stored before an
-- instant, and says so in the log, to each tenant that loses statements. Answers what was dropped; no row: nothing was.
-- Gate, voidings and facts stay. Whoever writes into the part is waited for while others may read it; the transaction id
-- and the lock that holds up readers are taken last, and not for long.
CREATE FUNCTION drop_oldest_statements(before timestamptz)
RETURNS TABLE (part text, begins timestamptz, ends timestamptz, statements bigint, "position" bigint, bytes bigint)
LANGUAGE plpgsql SET lock_timeout = '5s' AS $$
DECLARE
    losses json;
    reason text;
BEGIN
    IF before > now() - interval '1 day' THEN
        RAISE EXCEPTION 'statements of the last day are not dropped' USING ERRCODE = 'LR425';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('statement_parts'));
    SELECT p.part::text, p.begins, p.ends, p.bytes INTO part, begins, ends, bytes
    FROM statement_parts() p ORDER BY p.begins LIMIT 1;
    IF ends IS NULL OR ends > before THEN
        RETURN;
    END IF;
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', part);
    SELECT coalesce(sum(t.n), 0), max(t.last), json_agg(t) INTO statements, "position", losses FROM (
        SELECT s.tenant, count(*) AS n, max(s.position) AS last FROM statement s
        WHERE s.stored >= begins AND s.stored < ends GROUP BY s.tenant
    ) t;
    reason := statements_kept_back("position", ends);
    IF reason IS NOT NULL THEN
        RAISE EXCEPTION '% is kept back: %', part, reason USING ERRCODE = 'LR425';
    END IF;
    PERFORM set_config('lock_timeout', '1s', true);
    EXECUTE format('DROP TABLE %s', part);
    PERFORM pg_current_xact_id();
    INSERT INTO control_event (position, tenant, recorded, kind, payload)
    SELECT nextval('event_position'), (l ->> 'tenant')::integer, clock_timestamp(), 'retention', json_build_object(
        'begins', begins, 'ends', ends, 'position', drop_oldest_statements."position", 'statements', (l ->> 'n')::bigint)
    FROM json_array_elements(losses) AS l;
    RETURN NEXT;
END $$;
REVOKE EXECUTE ON FUNCTION drop_oldest_statements FROM PUBLIC;
