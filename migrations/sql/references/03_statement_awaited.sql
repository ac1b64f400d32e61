-- Which of these statements others refer to already. Volatile, so it looks at what is committed when it is called, not
-- when the statement that calls it began: whoever takes a transaction id before calling it misses no reference that was
-- committed before that id was given out.
CREATE FUNCTION statement_awaited(tenants integer[], ids uuid[]) RETURNS uuid[] LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    found uuid[];
BEGIN
    SELECT array_agg(u.id) INTO found FROM unnest(tenants, ids) AS u (tenant, id)
    WHERE EXISTS (SELECT FROM statement_reference r WHERE r.tenant = u.tenant AND r.target = u.id);
    RETURN coalesce(found, '{}');
END $$;
