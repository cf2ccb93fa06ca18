// Prints the English names of all time zones of this JVM, and which zone each name stands for when it is parsed.
//
//   java ZoneNames.java > zone_names.tsv
import java.time.*;
import java.time.format.*;
import java.util.*;

public class ZoneNames {
    public static void main(String[] args) {
        Map<String, List<String>> groups = new TreeMap<>();
        TreeSet<String> shortNames = new TreeSet<>();
        TreeSet<String> longNames = new TreeSet<>();
        DateTimeFormatter generic = DateTimeFormatter.ofPattern("v|vvvv", Locale.US);
        for (String id : new TreeSet<>(ZoneId.getAvailableZoneIds())) {
            TimeZone zone = TimeZone.getTimeZone(id);
            String[] names = {
                zone.getDisplayName(false, TimeZone.SHORT, Locale.US), zone.getDisplayName(true, TimeZone.SHORT, Locale.US),
                zone.getDisplayName(false, TimeZone.LONG, Locale.US), zone.getDisplayName(true, TimeZone.LONG, Locale.US),
            };
            String text = String.join("|", names) + "|" + generic.format(Instant.EPOCH.atZone(ZoneId.of(id)));
            groups.computeIfAbsent(text, key -> new ArrayList<>()).add(id);
            for (String part : text.split("\\|")) { shortNames.add(part); longNames.add(part); }
        }
        groups.forEach((text, ids) -> System.out.println("names\t" + text + "\t" + String.join(",", ids)));
        parse("z", shortNames);
        parse("zzzz", longNames);
    }

    static void parse(String pattern, Set<String> names) {
        DateTimeFormatter formatter = DateTimeFormatter.ofPattern(pattern, Locale.US);
        for (String name : names) {
            try {
                System.out.println("parse\t" + pattern + "\t" + name + "\t" + ZoneId.from(formatter.parse(name)).getId());
            } catch (DateTimeException fault) {
                // It is no name for this pattern.
            }
        }
    }
}
