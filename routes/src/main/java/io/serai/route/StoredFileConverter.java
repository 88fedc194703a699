package io.serai.route;

import java.io.InputStream;
import org.apache.camel.Converter;

/** Lets every Camel step that wants a stream take a {@link StoredFile}; the bytes stay on disk until they are read. */
@Converter(generateLoader = true)
public final class StoredFileConverter {
    private StoredFileConverter() {}

    @Converter
    public static InputStream toInputStream(StoredFile file) {
        return file.open();
    }
}
