// Records what java.time answers: rewrites the last column of a table of cases.
//
//   java TimeCases.java time.tsv
//
// Columns, separated by tabs: operation (format, parse, iso), milliseconds or text, pattern, zone, answer. An answer that begins with
// `!` is an exception's message. The locale is that of the United States, with Java's own texts.
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.time.*;
import java.time.format.*;
import java.util.*;

public class TimeCases {
    public static void main(String[] args) throws Exception {
        Path file = Path.of(args[0]);
        List<String> out = new ArrayList<>();
        for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
            if (line.isEmpty() || line.startsWith("#")) {
                out.add(line);
                continue;
            }
            String[] columns = line.split("\t", -1);
            String answer;
            try {
                answer = answer(columns[0], columns[1], columns[2], columns[3]);
            } catch (DateTimeException | IllegalArgumentException | ArithmeticException fault) {
                answer = "!" + fault.getMessage();
            }
            out.add(String.join("\t", columns[0], columns[1], columns[2], columns[3], answer));
        }
        Files.write(file, out, StandardCharsets.UTF_8);
    }

    static String answer(String operation, String value, String pattern, String zone) {
        if (operation.equals("iso")) {
            return Long.toString(OffsetDateTime.parse(value).toInstant().toEpochMilli());
        }
        DateTimeFormatter formatter = DateTimeFormatter.ofPattern(pattern, Locale.US);
        if (operation.equals("format")) {
            ZoneId id = zone.isEmpty() ? ZoneOffset.UTC : ZoneId.of(zone);
            return formatter.format(Instant.ofEpochMilli(Long.parseLong(value)).atZone(id));
        }
        if (!zone.isEmpty()) {
            formatter = formatter.withZone(ZoneId.of(zone));
        }
        return Long.toString(ZonedDateTime.parse(value, formatter).toInstant().toEpochMilli());
    }
}
