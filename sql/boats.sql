-- Run once. A change goes into a further script.
CREATE TABLE boats (
  id        INTEGER PRIMARY KEY,
  name      VARCHAR(80) NOT NULL UNIQUE,
  seats     INT NOT NULL,
  in_repair BOOLEAN NOT NULL DEFAULT FALSE
);
INSERT INTO boats (name, seats, in_repair) VALUES ('Heron', 4, FALSE), ('Kingfisher', 2, FALSE), ('Old Lady', 8, TRUE);
