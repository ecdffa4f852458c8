-- External tables over one output root: BigQuery reads the Parquet files in place. Replace BUCKET and DATASET.
-- Later runs replace rows of redone recordings in the files, so every row is current.
CREATE OR REPLACE EXTERNAL TABLE DATASET.transcripts
OPTIONS (format = 'PARQUET', uris = ['gs://BUCKET/redacted/transcripts/*.parquet']);

CREATE OR REPLACE EXTERNAL TABLE DATASET.findings
OPTIONS (format = 'PARQUET', uris = ['gs://BUCKET/redacted/findings/*.parquet']);

CREATE OR REPLACE EXTERNAL TABLE DATASET.errors
OPTIONS (format = 'PARQUET', uris = ['gs://BUCKET/redacted/errors/*.parquet']);

CREATE OR REPLACE EXTERNAL TABLE DATASET.notifications
OPTIONS (format = 'PARQUET', uris = ['gs://BUCKET/redacted/notifications/*.parquet']);
