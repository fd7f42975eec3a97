package com.myorg;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Runs several apps in one process, because the start of Java and of the CDK takes longer than an app.
 *
 * <p>The argument is a JSON object: the directory of the cloud assembly by class. Prints the errors as JSON, by class. See outdir.js.
 */
public class RunExamples {
    public static void main(final String[] args) throws Exception {
        final ObjectMapper json = new ObjectMapper();
        final Map<String, String> errors = new LinkedHashMap<>();
        for (final Map.Entry<String, String> app : json.readValue(args[0], new TypeReference<LinkedHashMap<String, String>>() { }).entrySet()) {
            Files.writeString(Path.of(System.getenv("OUTDIR_FILE")), app.getValue());
            try {
                Class.forName("com.myorg." + app.getKey()).getMethod("main", String[].class).invoke(null, (Object) new String[0]);
            } catch (final Exception error) {
                final StringWriter trace = new StringWriter();
                error.printStackTrace(new PrintWriter(trace));
                errors.put(app.getKey(), trace.toString());
            }
        }
        System.out.println(json.writeValueAsString(errors));
    }
}
