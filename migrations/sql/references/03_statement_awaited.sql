-- Which of these statements, none of them in the log yet, others refer to. Volatile, so it looks at what is committed
-- when it is called, not when the statement that calls it began: whoever takes a transaction id before he calls it
-- misses no reference that was committed before that id was given out.
CREATE FUNCTION statement_awaited(tenants integer[], ids uuid[]) RETURNS uuid[] LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    found uuid[];
BEGIN
    SELECT array_agg(r.target) INTO found FROM statement_reference r
    WHERE r.tenant = ANY (tenants) AND r.target = ANY (ids) AND r.keys = '{}';
    RETURN coalesce(found, '{}');
END $$;
