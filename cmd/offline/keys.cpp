// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/keys.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/offline/file_pass.h"
#include "cmd/offline/progress.h"
#include "cmd/offline/result_file.h"
#include "cmd/option_reader.h"
#include "forensics/source/source.h"
#include "packet/key_log.h"
#include "packet/line/terminal_text.h"
#include "pcapng/decode.h"
#include "pcapng/format.h"

namespace cmd {
namespace {

using pcapng::Output;
using pcapng::Result;

constexpr std::string_view kCommand = "keys";

struct Request {
    std::string input;
    std::string output = "-";
};

std::variant<Request, Stop> parse_request(std::span<const std::string> arguments) {
    CommandLine line(kCommand);
    const Option& help = line.flag("-h,--help");
    const Option& output = line.value("-w");
    const Option& files = line.positionals("FILE");
    if (auto stop = line.parse(arguments)) {
        return *stop;
    }
    if (help.given()) {
        return help_of(kCommand);
    }
    Request request;
    OptionReader reader;
    reader.only_file(files.values, request.input);
    if (output.given()) {
        reader.path(output, request.output);
    }
    if (reader.error()) {
        return line.usage_error(reader.error()->message);
    }
    return request;
}

// Writes the lines of each key log that the source comes to.
class KeyPrinter : public forensics::Source::Observer {
  public:
    explicit KeyPrinter(Output& output) : output_(output) {}

    Result<void> block(const forensics::OtherBlock& other) override {
        const auto* secrets = std::get_if<pcapng::SecretsRead>(&other.block);
        if (secrets == nullptr || secrets->type != pcapng::kTlsKeyLog) {
            return {};
        }
        text_.clear();
        packet::split_key_log(pcapng::as_text(secrets->data),
                              [this](std::string_view line) { add(line); });
        if (text_.empty()) {
            return {};
        }
        const void* start = text_.data();
        auto written = output_.append({static_cast<const uint8_t*>(start), text_.size()});
        if (!written && failure_.ok()) {
            failure_ = written.error();
        }
        return written;
    }

    // Of writing.
    const Result<void>& failure() const { return failure_; }
    uint64_t lines() const { return lines_; }
    // That aren't text, and could be anything to a terminal.
    uint64_t left_out() const { return left_out_; }

  private:
    void add(std::string_view line) {
        if (std::ranges::any_of(line, [](char c) { return c < ' ' || c > '~'; })) {
            left_out_++;
            return;
        }
        text_ += line;
        text_ += '\n';
        lines_++;
    }

    Output& output_;
    std::string text_;
    Result<void> failure_;
    uint64_t lines_ = 0;
    uint64_t left_out_ = 0;
};

int fail(const Error& error) {
    print_message("pidcap keys: {}\n", error.message);
    return kExitFailed;
}

// Returns the error of reading, or of writing.
Result<void> read(forensics::Source& source) {
    FileProgress progress(STDERR_FILENO, isatty(STDOUT_FILENO) == 0);
    auto packet = source.next();
    for (; packet && *packet != nullptr; packet = source.next()) {
        progress.packet(source);
    }
    return packet ? Result<void>{} : Result<void>(packet.error());
}

}  // namespace

int run_keys(std::span<const std::string> arguments) {
    auto parsed = parse_request(arguments);
    if (const auto* stop = std::get_if<Stop>(&parsed)) {
        return say(*stop);
    }
    const auto& request = std::get<Request>(parsed);
    ignore_write_signals();
    auto source = forensics::Source::open(request.input);
    if (!source) {
        return fail(source.error());
    }
    auto output = open_key_file(request.output, {&request.input, 1});
    if (!output) {
        return fail(output.error());
    }
    KeyPrinter printer(*output);
    source->set_observer(&printer);
    const Result<void> done = read(*source);
    Result<void> written = printer.failure();
    if (written) {
        written = output->close();
    }
    print_skipped(kCommand, *source);
    if (!written) {
        const bool left = written.error().code == EPIPE && request.output == "-";
        return left ? kExitDone : fail(written.error());
    }
    if (printer.left_out() > 0) {
        print_message("pidcap keys: {} line{} left out: not text\n", printer.left_out(),
                      printer.left_out() == 1 ? " is" : "s are");
    }
    if (!done) {
        return fail(done.error());
    }
    if (printer.lines() == 0) {
        print_message("pidcap keys: {} has no TLS keys; a capture has them with --tls-keys\n",
                      packet::printable(request.input));
    }
    return kExitDone;
}

}  // namespace cmd
