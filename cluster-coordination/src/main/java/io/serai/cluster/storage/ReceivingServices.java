package io.serai.cluster.storage;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;

/** What all incoming files of a node share. */
record ReceivingServices(
        StagedReceiving.Foundation foundation,
        ArrivalRecorder recorder,
        Parts parts,
        OpenUploads openUploads,
        HomeUsage usage,
        StorageSettings settings,
        CommitSteps steps) {

    /** Refuses an upload for which the name is taken by something that it must not replace. */
    void refuseName(Receiving.Upload upload, Optional<BasicFileAttributes> visible) {
        if (visible.isEmpty()) {
            return;
        }
        if (visible.get().isDirectory()) {
            throw new SeraiException(ErrorCode.IS_A_FOLDER, upload.path() + " is a folder");
        }
        if (!visible.get().isRegularFile()) {
            throw new SeraiException(ErrorCode.PERMISSION_DENIED, upload.path() + " is not an ordinary file");
        }
        if (upload.mode() == Receiving.Mode.CREATE_NEW) {
            throw new SeraiException(ErrorCode.EXISTS, upload.path() + " exists");
        }
    }
}
