-- name: shard_offsets
-- Where the partitions of a topic go on.
SELECT partition, next FROM shard_offset WHERE topic = :topic;

-- name: keep_shard_offsets!
-- Where they go on now; of two workers that believe a partition to be theirs the later one is heard: it is a hint.
INSERT INTO shard_offset (topic, partition, next)
SELECT :topic, partition, next FROM unnest(:partitions::integer[], :next::bigint[]) AS u (partition, next)
ORDER BY partition
ON CONFLICT (topic, partition) DO UPDATE SET next = excluded.next;
