-- name: definitions
-- What makes the tables of a schema beside: each as the live one is, with its storage parameters, and its indexes and
-- constraints under the same names, and the views that read them.
WITH tables AS (
    SELECT c.oid, c.relname AS name, 'WITH (' || array_to_string(c.reloptions, ', ') || ')' AS options, t.n
    FROM unnest(:tables::text[]) WITH ORDINALITY AS t (name, n)
    JOIN pg_class c ON c.oid = format('public.%%I', t.name)::regclass
), views AS (
    SELECT * FROM unnest(:views::oid[], :names::text[]) WITH ORDINALITY AS v (oid, name, n)
)
SELECT format('CREATE TABLE %%I.%%I (LIKE public.%%I INCLUDING ALL EXCLUDING INDEXES) %%s', :schema::text, name, name, options), 1 AS step, n
FROM tables
UNION ALL
SELECT format('ALTER TABLE %%I.%%I ADD CONSTRAINT %%I %%s', :schema::text, t.name, k.conname, pg_get_constraintdef(k.oid)), 2, t.n
FROM tables t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype IN ('p', 'u')
UNION ALL
SELECT replace(pg_get_indexdef(i.indexrelid), format(' ON public.%%I USING ', t.name),
    format(' ON %%I.%%I USING ', :schema::text, t.name)), 3, t.n
FROM tables t JOIN pg_index i ON i.indrelid = t.oid
WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = t.oid)
UNION ALL
SELECT format('CREATE VIEW %%I.%%I AS %%s', :schema::text, name, rtrim(pg_get_viewdef(oid), ';')), 4, n FROM views
ORDER BY step, n;

-- name: readers
-- The views that read these tables, by themselves or through others, wherever they are: each after those that it reads.
-- kind: v for a view, m for a materialized one.
WITH RECURSIVE reading (oid, depth) AS (
    SELECT format('public.%%I', name)::regclass::oid, 0 FROM unnest(:tables::text[]) AS t (name)
    UNION
    SELECT r.ev_class, reading.depth + 1
    FROM reading
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = reading.oid
        AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> reading.oid
)
SELECT c.oid, n.nspname, c.relname, c.relkind::text FROM (SELECT oid, max(depth) AS depth FROM reading GROUP BY oid) AS r
JOIN pg_class c ON c.oid = r.oid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.depth > 0 ORDER BY r.depth, c.oid;

-- name: schemas
-- The schemas beside whose names begin so, with what is noted of them.
SELECT nspname, obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE starts_with(nspname, :prefix) ORDER BY 1;

-- name: exists
-- Whether a schema is there.
SELECT to_regnamespace(quote_ident(:schema::text)) IS NOT NULL;
