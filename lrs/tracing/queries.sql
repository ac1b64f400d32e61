-- name: store_key
-- What tells this store from others.
SELECT salt FROM tenant ORDER BY tenant LIMIT 1;

-- name: facts_at
-- Which of these positions have a fact, and of which course.
SELECT f.position, f.course FROM tenant t JOIN fact f ON f.tenant = t.tenant AND f.position = ANY (:positions::bigint[]);
