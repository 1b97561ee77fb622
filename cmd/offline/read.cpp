// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/read.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "cmd/help.h"
#include "cmd/line_options.h"
#include "cmd/message.h"
#include "cmd/offline/extract.h"
#include "cmd/offline/file_pass.h"
#include "cmd/offline/result_file.h"
#include "cmd/offline/selection.h"
#include "cmd/option_reader.h"
#include "cmd/packet_printer.h"
#include "cmd/tcpdump_options.h"
#include "forensics/analysis/packet_tree.h"
#include "forensics/source/source.h"
#include "packet/line/color.h"
#include "packet/line/packet_line.h"
#include "packet/line/text_output.h"
#include "packet/packet_count.h"

namespace cmd {
namespace {

using forensics::Packet;
using forensics::Source;
using pcapng::Result;

constexpr std::string_view kCommand = "read";

enum class Form { kLines, kTree, kJson, kCount };

struct Request {
    std::vector<std::string> files;
    forensics::Selection selection;
    packet::LineStyle style;
    Form form = Form::kLines;
    bool everything = true;             // no packet is left out
    std::optional<std::string> output;  // -w
};

bool is_pid(std::string_view text) {
    const std::string_view digits = text.substr(text.starts_with('!') ? 1 : 0);
    return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
}

// Takes out each --tree that has no PID, which would make it a condition. Whether there was one.
bool take_tree(std::vector<std::string>& arguments) {
    bool taken = false;
    for (size_t at = 0; at < arguments.size() && arguments[at] != "--";) {
        const bool has_pid = at + 1 < arguments.size() && is_pid(arguments[at + 1]);
        if (arguments[at] == "--tree" && !has_pid) {
            arguments.erase(arguments.begin() + static_cast<ptrdiff_t>(at));
            taken = true;
        } else {
            at++;
        }
    }
    return taken;
}

std::variant<Request, Stop> parse_request(std::span<const std::string> given) {
    std::vector<std::string> arguments(given.begin(), given.end());
    const bool tree = take_tree(arguments);
    CommandLine line(kCommand);
    const SelectionOptions selection(line);
    const LineOptions looks(line);
    const TcpdumpOptions tcpdump(line, TcpdumpOptions::For::kFile);
    const Option& json = line.flag("--json");
    const Option& count = line.flag("--count");
    const Option& input = line.value("-r");
    const Option& output = line.value("-w,--write");
    const Option& print = line.unlisted_flag("--print");
    const Option& help = line.flag("-h,--help");
    const Option& words = line.positionals("FILE");
    if (auto stop = line.parse(arguments)) {
        return *stop;
    }
    if (help.given()) {
        return help_of(kCommand);
    }
    Request request;
    OptionReader reader;
    std::string file;
    reader.path(input, file);
    if (input.given()) {
        request.files.push_back(file);
    }
    request.files.insert(request.files.end(), words.values.begin(), words.values.end());
    reader.refuse_if(request.files.empty(), "no input file given; \"-\" is standard input");
    tcpdump.check(reader);
    const int forms = static_cast<int>(tree) + static_cast<int>(json.given()) +
                      static_cast<int>(count.given()) + static_cast<int>(output.given());
    reader.refuse_if(forms > 1, "--tree, --json, --count and -w exclude each other");
    reader.refuse_if(print.given() && output.given(),
                     "--print excludes -w; print OUT once it is written: pidcap read OUT");
    request.form = tree            ? Form::kTree
                   : json.given()  ? Form::kJson
                   : count.given() ? Form::kCount
                                   : Form::kLines;
    reader.path(output, request.output.emplace());
    if (!output.given()) {
        request.output.reset();
    }
    packet::ColorMode mode = packet::ColorMode::kAuto;
    read_line_options(looks, reader, request.style, mode);
    request.style.color = packet::use_color(mode, STDOUT_FILENO);
    const auto words_are = input.given() ? FilterWords::kAll : FilterWords::kNoFiles;
    request.everything = !selection.given();
    const size_t given_files = request.files.size();
    reader.take(selection_of(selection, request.files, words_are), request.selection);
    request.everything = request.everything && request.files.size() == given_files;
    reader.refuse_if(request.output && request.files.size() > 1,
                     "-w takes one input file; pidcap merge FILE... -w OUT merges several");
    if (reader.error()) {
        return line.usage_error(reader.error()->message);
    }
    return request;
}

// What becomes of a file's packets. The results: false if `out` takes nothing more.
class Printer {
  public:
    virtual ~Printer() = default;
    virtual Result<bool> packet(const Packet& packet) = 0;
    virtual Result<bool> finish() { return true; }
};

class TextPrinter : public Printer {
  public:
    // `text` outlives this.
    TextPrinter(PacketPrinter& text, packet::TextOutput& out) : text_(text), out_(out) {}

    Result<bool> packet(const Packet& packet) override {
        text_.append(out_.text(), packet);
        return out_.written();
    }

  private:
    PacketPrinter& text_;
    packet::TextOutput& out_;
};

// Conversations are those of one file.
class JsonOfFile : public Printer {
  public:
    explicit JsonOfFile(packet::TextOutput& out) : printer_(text_, out) {}

    Result<bool> packet(const Packet& packet) override { return printer_.packet(packet); }

  private:
    JsonPrinter text_{PacketsOf::kFile};
    TextPrinter printer_;
};

class Counter : public Printer {
  public:
    explicit Counter(packet::PacketCount& count) : count_(count) {}

    Result<bool> packet(const Packet& packet) override {
        count_.add(packet);
        return true;
    }

  private:
    packet::PacketCount& count_;
};

class TreePrinter : public Printer {
  public:
    TreePrinter(const Source& source, packet::LineStyle style, packet::TextOutput& out)
        : tree_(source, style), out_(out) {}

    Result<bool> packet(const Packet& packet) override {
        auto added = tree_.add(packet);
        return added ? Result<bool>(true) : std::move(added).error();
    }
    Result<bool> finish() override { return tree_.print(out_); }

  private:
    forensics::PacketTree tree_;
    packet::TextOutput& out_;
};

// What is the same for all files.
struct Output {
    packet::TextOutput text{STDOUT_FILENO, "standard output"};
    LinePrinter lines;
    packet::PacketCount count = {};
};

std::unique_ptr<Printer> make_printer(const Request& request, const Source& source,
                                      Output& output) {
    switch (request.form) {
        case Form::kTree:
            return std::make_unique<TreePrinter>(source, request.style, output.text);
        case Form::kJson:
            return std::make_unique<JsonOfFile>(output.text);
        case Form::kCount:
            return std::make_unique<Counter>(output.count);
        case Form::kLines:
            break;
    }
    return std::make_unique<TextPrinter>(output.lines, output.text);
}

// All wanted packets of one file, as far as it can be read. False: the output takes nothing more.
Result<bool> print_packets(FilePass& pass, Printer& printer) {
    while (true) {
        const auto packet = pass.next();
        if (!packet) {
            return packet.error();
        }
        if (*packet == nullptr) {
            return true;
        }
        auto printed = printer.packet(**packet);
        if (!printed || !*printed) {
            return printed;
        }
    }
}

// Whether packets may come as they happen, as those of a pipe.
bool is_growing(const std::string& path) {
    struct stat status {};
    const int found = path == "-" ? fstat(STDIN_FILENO, &status) : stat(path.c_str(), &status);
    return found == 0 && !S_ISREG(status.st_mode);
}

// The same with the printer's end, also where the file's is missing.
Result<bool> print_file(const std::string& path, Request& request, Output& output) {
    packet::TextOutput& out = output.text;
    auto source = Source::open(path);
    if (!source) {
        return std::move(source).error();
    }
    out.set_live(isatty(STDOUT_FILENO) == 1 || is_growing(path));
    const std::unique_ptr<Printer> printer = make_printer(request, *source, output);
    Result<bool> read = true;
    {
        FilePass pass(*source, request.selection,
                      request.form == Form::kTree || isatty(STDOUT_FILENO) == 0);
        read = print_packets(pass, *printer);
    }
    if (read && !*read) {
        return read;
    }
    Result<bool> finished = printer->finish();
    if (!finished || !*finished) {
        return finished;
    }
    if (source->skipped().blocks > 0) {
        out.flush();
        print_skipped(kCommand, *source);
    }
    if (read && !request.selection.done()) {
        out.flush();
        tell_unmatched(kCommand, request.selection, *source);
    }
    return read;
}

}  // namespace

int run_read(std::span<const std::string> arguments) {
    auto parsed = parse_request(arguments);
    if (const Stop* stop = std::get_if<Stop>(&parsed)) {
        return say(*stop);
    }
    Request& request = std::get<Request>(parsed);
    if (request.output) {
        return extract({.input = request.files.front(),
                        .output = *request.output,
                        .split = {},
                        .selection = std::move(request.selection),
                        .everything = request.everything,
                        .mode = {}});
    }
    ignore_write_signals();
    Output output{.lines = LinePrinter(request.style)};
    packet::TextOutput& out = output.text;
    int status = kExitDone;
    const auto complain = [&](const pcapng::Error& error) {
        out.flush();  // what was readable comes first
        print_message("pidcap {}: {}\n", kCommand, error.message);
        status = kExitFailed;
    };
    for (const std::string& file : request.files) {
        if (request.selection.done()) {
            break;
        }
        const Result<bool> printed = print_file(file, request, output);
        if (!printed) {
            complain(printed.error());
        } else if (!*printed) {
            break;
        }
    }
    if (request.form == Form::kCount) {
        out.text() += output.count.text() + "\n";
    }
    if (const auto written = out.finish(); !written) {
        complain(written.error());
    }
    print_problems(kCommand, request.selection);
    return status;
}

}  // namespace cmd
