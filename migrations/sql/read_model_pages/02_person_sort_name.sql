-- A roster by name.
CREATE INDEX person_sort_name ON person (tenant, sort_name(name, ifi) COLLATE "C", person);
