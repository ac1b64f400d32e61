-- Of the nodes that the outline names which was set: their place among their siblings, and where it comes from.
ALTER TABLE outline_node ADD COLUMN position integer, ADD COLUMN source text;
