// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/key_options.h"

#include "cmd/values.h"

namespace cmd {

void read_key_options(const DeclaredKeyOptions& declared, OptionReader& reader,
                      const std::optional<std::string>& output, KeyOptions& keys) {
    keys.plaintext = declared.plaintext.given();
    keys.wanted = declared.keys.given();
    keys.in_file = keys.wanted && output.has_value();
    reader.once(declared.keys, [&](const std::string& file) -> std::optional<Error> {
        if (!file.empty()) {
            keys.log_file = file;
        }
        return std::nullopt;
    });
    reader.once(declared.wait, [&](const std::string& text) {
        return store(parse_duration("--tls-wait", text), keys.wait);
    });
    reader.refuse_if(keys.wanted && !keys.log_file && !output,
                     "--tls-keys puts keys into a file: add -w FILE, or name a key log file, as "
                     "--tls-keys=FILE");
    reader.refuse_if(declared.wait.given() && !keys.wanted,
                     "--tls-wait says how long packets wait for keys: add --tls-keys");
}

}  // namespace cmd
