// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/extract.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/offline/file_pass.h"
#include "cmd/offline/progress.h"
#include "cmd/offline/result_file.h"
#include "cmd/offline/selection.h"
#include "cmd/option_reader.h"
#include "forensics/rewrite/rewriter.h"
#include "forensics/rewrite/split_files.h"
#include "forensics/source/final_processes.h"
#include "forensics/source/input_file.h"
#include "packet/event/plaintext.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using forensics::FinalProcesses;
using forensics::InputFile;
using forensics::Packet;
using forensics::Rewriter;
using forensics::SplitBy;
using forensics::SplitFiles;
using pcapng::Result;

constexpr std::string_view kCommand = "extract";

std::variant<ExtractRequest, Stop> parse_request(std::span<const std::string> arguments) {
    CommandLine line(kCommand);
    const SelectionOptions selection(line);
    const Option& help = line.flag("-h,--help");
    const Option& output = line.value("-w");
    const Option& mode = line.value("--mode");
    const Option& split = line.value("--split");
    const Option& max_files = line.value("--max-files");
    const Option& comments = line.value("--comments");
    const Option& without_keys = line.flag("--without-keys");
    const Option& files = line.positionals("FILE");
    if (auto stop = line.parse(arguments)) {
        return *stop;
    }
    if (help.given()) {
        return help_of(kCommand);
    }
    ExtractRequest request;
    OptionReader reader;
    std::vector<std::string> words = files.values;
    reader.take(selection_of(selection, words), request.selection);
    request.everything = !selection.given() && words.size() == files.values.size();
    reader.only_file(words, request.input);
    reader.path(output, request.output);
    reader.mode(mode, request.mode);
    reader.refuse_if(!output.given(), "-w FILE is required");
    reader.word(split,
                std::array<std::pair<std::string_view, SplitBy>, 3>{{
                    {"process", SplitBy::kProcess},
                    {"container", SplitBy::kContainer},
                    {"user", SplitBy::kUser},
                }},
                request.split.emplace());
    if (!split.given()) {
        request.split.reset();
    }
    reader.word(comments,
                std::array<std::pair<std::string_view, forensics::Detail>, 1>{
                    {{"short", forensics::Detail::kIdentities}}},
                request.detail);
    request.keys = !without_keys.given();
    reader.refuse_if(request.split && request.output == "-", "--split needs -w FOLDER");
    reader.refuse_if(max_files.given() && !request.split, "--max-files needs --split");
    reader.number(max_files, 1, UINT32_MAX, request.max_files);
    if (reader.error()) {
        return line.usage_error(reader.error()->message);
    }
    return request;
}

// Where the packets go: one file, or those of a folder.
class Destination {
  public:
    static Result<Destination> open(const ExtractRequest& request, InputFile& input) {
        Destination destination;
        if (request.split) {
            auto folder = ResultFolder::open(request.output, request.mode);
            if (!folder) {
                return std::move(folder).error();
            }
            // A function that is handed on has to be copied, and a folder can't be.
            const auto shared = std::make_shared<ResultFolder>(*std::move(folder));
            const auto open_file = [shared](const std::string& name, SplitFiles::Open how) {
                return how == SplitFiles::Open::kNew ? shared->create(name) : shared->reopen(name);
            };
            FileProgress progress(STDERR_FILENO);
            destination.split_ = std::make_unique<SplitFiles>(
                open_file, *request.split, request.max_files, input,
                FinalProcesses::read(request.input, [&progress](const forensics::Source& from) {
                    progress.packet(from);
                }));
            return destination;
        }
        auto output = open_result(request.output, {&request.input, 1}, request.mode);
        if (!output) {
            return std::move(output).error();
        }
        auto file =
            Rewriter::create(*std::move(output), input, {.all_packets = request.everything});
        if (!file) {
            return std::move(file).error();
        }
        destination.file_ = std::make_unique<Rewriter>(*std::move(file));
        return destination;
    }

    Result<void> packet(const Packet& packet) {
        return split_ != nullptr ? split_->packet(packet) : file_->packet(0, packet);
    }
    Result<void> finish() { return split_ != nullptr ? split_->finish() : file_->finish(); }
    std::string name(const ExtractRequest& request) const {
        const std::string path =
            request.output == "-" ? "stdout" : packet::printable(request.output);
        return split_ == nullptr ? path : fmt::format("{} files in {}", split_->files(), path);
    }
    // The file of all that would have needed more files than are allowed; empty: none.
    std::string others() const { return split_ == nullptr ? std::string() : split_->others(); }
    Rewriter::Keys keys() const { return split_ == nullptr ? file_->keys() : split_->keys(); }
    Rewriter::LeftOut left_out() const {
        return split_ == nullptr ? file_->left_out() : split_->left_out();
    }

  private:
    std::unique_ptr<Rewriter> file_;
    std::unique_ptr<SplitFiles> split_;
};

struct Counts {
    packet::PacketCount read;
    packet::PacketCount written;
    uint64_t plaintext = 0;  // of those that were wanted, events with plaintext of TLS
};

// Whether it is one of the events process:exec, process:exit, …, which have the command line.
bool is_process_event(const Packet& packet) {
    return packet::is_event(packet) && packet.interface->name.starts_with("process:");
}

// A broken file's error is `broken`; what comes back is of writing.
Result<void> copy(ExtractRequest& request, InputFile& input, Result<const Packet*> first,
                  Destination& destination, Counts& counts, Result<void>& broken) {
    FilePass pass(input, std::move(first), request.selection);
    Result<const Packet*> packet = pass.next();
    for (; packet && *packet != nullptr; packet = pass.next()) {
        const bool is_plaintext = packet::is_plaintext(*(*packet)->interface);
        counts.plaintext += is_plaintext ? 1 : 0;
        if ((is_plaintext && !request.keys) ||
            (request.detail == forensics::Detail::kIdentities && is_process_event(**packet))) {
            continue;
        }
        if (auto written = destination.packet(**packet); !written) {
            return written;
        }
        counts.written.add(**packet);
    }
    counts.read = pass.read();
    if (!packet) {
        broken = packet.error();
    }
    return {};
}

int fail(const Error& error) {
    print_message("pidcap extract: {}\n", error.message);
    return kExitFailed;
}

}  // namespace

int run_extract(std::span<const std::string> arguments) {
    auto parsed = parse_request(arguments);
    if (const auto* stop = std::get_if<Stop>(&parsed)) {
        return say(*stop);
    }
    return extract(std::get<ExtractRequest>(std::move(parsed)));
}

int extract(ExtractRequest request) {
    ignore_write_signals();
    auto input = InputFile::open(request.input, request.detail);
    if (!input) {
        return fail(input.error());
    }
    (*input)->read_ahead();
    if (request.keys) {
        FileProgress progress(STDERR_FILENO);
        (*input)->read_keys_ahead([&](uint64_t bytes) { progress.line(request.input, bytes); });
    } else {
        (*input)->leave_secrets_out();
    }
    // The section header is needed, and nothing is touched for what is no capture file.
    Result<const Packet*> first = (*input)->next();
    if (!first && (*input)->source().interfaces().empty()) {
        return fail(first.error());
    }
    auto destination = Destination::open(request, **input);
    if (!destination) {
        return fail(destination.error());
    }
    Counts counts;
    Result<void> broken;
    Result<void> written = copy(request, **input, std::move(first), *destination, counts, broken);
    if (written) {
        written = destination->finish();
    }
    print_skipped(kCommand, (*input)->source());
    print_problems(kCommand, request.selection);
    if (!broken) {
        (void)fail(broken.error());
    }
    if (!written) {
        const bool left = written.error().code == EPIPE && request.output == "-";
        return left && broken ? kExitDone : fail(written.error());
    }
    print_message("pidcap extract: {} into {}\n", counts.written.text_of(counts.read),
                  destination->name(request));
    tell_keys(kCommand, destination->keys(), request.output);
    if (counts.plaintext > 0) {
        print_message(
            "pidcap extract: {} events with what processes passed through TLS libraries{}\n",
            counts.plaintext,
            request.keys ? ", in clear: --without-keys leaves them out" : " left out");
    }
    tell_unmatched(kCommand, request.selection, (*input)->source());
    if (const std::string others = destination->others(); !others.empty()) {
        print_message("pidcap extract: what would need more than {} files is in {}\n",
                      request.max_files, others);
    }
    const bool incomplete = say_left_out(kCommand, destination->left_out());
    return broken && !incomplete ? kExitDone : kExitFailed;
}

}  // namespace cmd
