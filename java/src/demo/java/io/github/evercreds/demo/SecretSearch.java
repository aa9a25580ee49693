// Did a secret get into anything that the demo leaves behind?
package io.github.evercreds.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Looks for every secret of the simulator in every file of a folder. */
final class SecretSearch {
    private SecretSearch() { }

    /** The files of the folder that hold one of the secrets. */
    static List<Path> filesWithSecrets(Path folder, JsonNode secrets) throws IOException {
        if (secrets.size() == 0) {
            throw new IOException("the simulator knows of no secrets; nothing could be looked for");
        }
        List<Path> guilty = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
                for (JsonNode secret : secrets) {
                    if (text.contains(secret.asText())) {
                        guilty.add(file);
                        break;
                    }
                }
            }
        }
        return guilty;
    }
}
