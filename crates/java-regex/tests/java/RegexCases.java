// Records what java.util.regex answers: rewrites the last column of a table of cases.
//
//   java RegexCases.java regex.tsv
//
// Columns, separated by tabs: operation, pattern, text, argument, answer. `«hex»` stands for the character of that number. Lines that
// begin with `#` are notes.
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.regex.*;

public class RegexCases {
    public static void main(String[] args) throws Exception {
        Path file = Path.of(args[0]);
        List<String> out = new ArrayList<>();
        for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
            if (line.isEmpty() || line.startsWith("#")) {
                out.add(line);
                continue;
            }
            String[] columns = line.split("\t", -1);
            String answer = answer(columns[0], plain(columns[1]), plain(columns[2]), plain(columns[3]));
            out.add(String.join("\t", columns[0], columns[1], columns[2], columns[3], marked(answer)));
        }
        Files.write(file, out, StandardCharsets.UTF_8);
    }

    static String answer(String operation, String pattern, String text, String argument) {
        try {
            switch (operation) {
                case "matches":
                    return Boolean.toString(text.matches(pattern));
                case "find": {
                    // Each match with its groups.
                    Matcher matcher = Pattern.compile(pattern).matcher(text);
                    StringBuilder found = new StringBuilder();
                    while (matcher.find()) {
                        found.append('<').append(matcher.group());
                        for (int group = 1; group <= matcher.groupCount(); group++) {
                            found.append('|').append(matcher.group(group) == null ? "«null»" : matcher.group(group));
                        }
                        found.append('>');
                    }
                    return found.toString();
                }
                case "replaceAll":
                    return text.replaceAll(pattern, argument);
                case "replaceFirst":
                    return text.replaceFirst(pattern, argument);
                case "split": {
                    StringBuilder parts = new StringBuilder();
                    for (String part : text.split(pattern, Integer.parseInt(argument))) {
                        parts.append('<').append(part).append('>');
                    }
                    return parts.toString();
                }
                default:
                    throw new IllegalStateException("unknown operation " + operation);
            }
        } catch (PatternSyntaxException fault) {
            return "!" + fault.getMessage();
        } catch (IllegalArgumentException | IndexOutOfBoundsException fault) {
            return "!" + fault.getMessage();
        } catch (StackOverflowError fault) {
            return "!stack";
        }
    }

    static String plain(String column) {
        Matcher matcher = Pattern.compile("«([0-9a-f]+)»").matcher(column);
        return matcher.replaceAll(found -> Matcher.quoteReplacement(Character.toString(Integer.parseInt(found.group(1), 16))));
    }

    static String marked(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().forEach(point -> {
            int type = Character.getType(point);
            boolean hidden = type == Character.CONTROL || type == Character.FORMAT || type == Character.SURROGATE
                || type == Character.LINE_SEPARATOR || type == Character.PARAGRAPH_SEPARATOR
                || type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK
                || (type == Character.SPACE_SEPARATOR && point != ' ');
            if (hidden) {
                out.append('«').append(Integer.toHexString(point)).append('»');
            } else {
                out.appendCodePoint(point);
            }
        });
        return out.toString();
    }
}
