-- Tables over one output root: BigQuery reads the Parquet files in place. Replace BUCKET and DATASET. Where runs keep
-- Iceberg or Delta tables, let BigQuery read those instead: docs/table_formats.md.
--
-- A query must name nights: WHERE run_date >= '2026-11-01'. So a mistyped query does not read years.
-- The tables have all rows, also of recordings that were redacted again later. The current ones, of the nights you name:
--   SELECT * FROM DATASET.transcripts WHERE run_date >= '2026-11-01'
--   QUALIFY ROW_NUMBER() OVER (PARTITION BY recording_id ORDER BY processed_at DESC, run_id DESC) = 1
-- Findings are current if their recording_id and run_id are those of a current transcript.
-- enable_list_inference: utterances are ARRAY<STRUCT<…>>; without it they would be utterances.list[].element.
-- Maps are read as they lie in the files: metadata.key_value is ARRAY<STRUCT<key, value>>.
CREATE OR REPLACE EXTERNAL TABLE DATASET.transcripts
WITH PARTITION COLUMNS (run_date DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/redacted/transcripts/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/redacted/transcripts',
  require_hive_partition_filter = TRUE,
  enable_list_inference = TRUE
);

CREATE OR REPLACE EXTERNAL TABLE DATASET.findings
WITH PARTITION COLUMNS (run_date DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/redacted/findings/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/redacted/findings',
  require_hive_partition_filter = TRUE,
  enable_list_inference = TRUE
);

CREATE OR REPLACE EXTERNAL TABLE DATASET.errors
WITH PARTITION COLUMNS (run_date DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/redacted/errors/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/redacted/errors',
  require_hive_partition_filter = TRUE,
  enable_list_inference = TRUE
);

CREATE OR REPLACE EXTERNAL TABLE DATASET.notifications
WITH PARTITION COLUMNS (run_date DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/redacted/notifications/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/redacted/notifications',
  require_hive_partition_filter = TRUE,
  enable_list_inference = TRUE
);

-- Every word of the redacted transcripts, one a row, with its time, also of earlier runs (see run_id).
CREATE OR REPLACE VIEW DATASET.words AS
SELECT
  transcripts.run_date,
  transcripts.recording_id,
  transcripts.run_id,
  utterance.channel,
  utterance.speaker,
  word.text,
  word.start_s,
  word.end_s,
  word.redacted
FROM DATASET.transcripts AS transcripts, UNNEST(transcripts.utterances) AS utterance, UNNEST(utterance.words) AS word;
