// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/read.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "cmd/message.h"
#include "cmd/offline/file_pass.h"
#include "cmd/offline/result_file.h"
#include "cmd/offline/selection.h"
#include "cmd/option_reader.h"
#include "forensics/analysis/packet_tree.h"
#include "forensics/analysis/row_text.h"
#include "forensics/analysis/table.h"
#include "forensics/source/source.h"
#include "packet/line/color.h"
#include "packet/line/packet_line.h"
#include "packet/line/terminal_text.h"
#include "packet/line/text_output.h"

namespace cmd {
namespace {

using forensics::Packet;
using forensics::Source;
using pcapng::Result;

constexpr std::string_view kCommand = "read";

constexpr std::string_view kHelp = R"(Usage: pidcap read [options] FILE... [FILTER]

Prints the packets of capture files, a line each, as pidcap prints them while it captures: the
process that sent the packet stands left of the arrow, the one that received it right of it. "-" is
standard input. Files of pidcap, of other tools that note processes, and plain captures: pcapng or
pcap, as they are or compressed by gzip or zstd.

)";

constexpr std::string_view kLooks = R"(
Output
  --tree              (without a PID) the packets of each process together, below the process
                      that started it
  --json              a JSON object a line, with all that is known; null: not known
  -v                  also at which end the process is, each process's executable, user, thread,
                      and how it was found; peer. is the other end
  -q                  shorter lines
  -n                  numbers instead of user names
  -t                  no time; given twice: seconds since 1970; three times: time since the line
                      before; four: date and time; five: time since the first line. Without it the
                      time of day, with its date unless that is the first line's
  --color auto|always|never
                      colour the processes; auto (the default) on terminals, unless NO_COLOR is set
  -h, --help          this text

Exit status: 0 done; 1 failed, or a file is broken: what was readable is shown; 2 wrong usage.
)";

enum class Form { kLines, kTree, kJson };

struct Request {
    std::vector<std::string> files;
    forensics::Selection selection;
    packet::LineStyle style;
    Form form = Form::kLines;
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
    const Option& json = line.flag("--json");
    const Option& color = line.value("--color");
    const Option& numeric = line.flag("-n");
    const Option& quiet = line.flag("-q");
    const Option& verbose = line.flag("-v");
    const Option& time = line.flag("-t");
    const Option& help = line.flag("-h,--help");
    const Option& files = line.positionals("FILE");
    if (auto stop = line.parse(arguments)) {
        return *stop;
    }
    if (help.given()) {
        return Stop{kExitDone, fmt::format("{}{}{}", kHelp, selection_help(), kLooks)};
    }
    Request request;
    request.files = files.values;
    OptionReader reader;
    reader.refuse_if(request.files.empty(), "no input file given; \"-\" is standard input");
    reader.refuse_if(tree && json.given(), "--tree and --json exclude each other");
    request.form = tree ? Form::kTree : json.given() ? Form::kJson : Form::kLines;
    packet::ColorMode mode = packet::ColorMode::kAuto;
    reader.word(color, packet::kColorModes, mode);
    request.style = {.color = packet::use_color(mode, STDOUT_FILENO),
                     .quiet = quiet.given(),
                     .numeric = numeric.given(),
                     .verbose = static_cast<int>(verbose.count())};
    reader.take(parse_time_form(time.count()), request.style.time);
    reader.take(selection_of(selection, request.files), request.selection);
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

class LinePrinter : public Printer {
  public:
    // `line` outlives this.
    LinePrinter(packet::PacketLine& line, packet::TextOutput& out) : line_(line), out_(out) {}

    Result<bool> packet(const Packet& packet) override {
        buffer_.clear();
        line_.append(buffer_, packet);
        out_.text().append(buffer_.data(), buffer_.size());
        return out_.written();
    }

  private:
    packet::PacketLine& line_;
    fmt::memory_buffer buffer_;
    packet::TextOutput& out_;
};

class JsonPrinter : public Printer {
  public:
    explicit JsonPrinter(packet::TextOutput& out) : out_(out) {}

    Result<bool> packet(const Packet& packet) override {
        forensics::packet_row(packet, flows_.add(packet), row_);
        forensics::append_json(forensics::packet_columns(), row_, out_.text());
        return out_.written();
    }

  private:
    forensics::FlowTable flows_;
    forensics::Row row_;
    packet::TextOutput& out_;
};

class TreePrinter : public Printer {
  public:
    TreePrinter(const Source& source, packet::LineStyle style, packet::TextOutput& out)
        : tree_(source.processes(), style), out_(out) {}

    Result<bool> packet(const Packet& packet) override {
        auto added = tree_.add(packet);
        return added ? Result<bool>(true) : std::move(added).error();
    }
    Result<bool> finish() override { return tree_.print(out_); }

  private:
    forensics::PacketTree tree_;
    packet::TextOutput& out_;
};

std::unique_ptr<Printer> make_printer(const Request& request, const Source& source,
                                      packet::PacketLine& line, packet::TextOutput& out) {
    switch (request.form) {
        case Form::kTree:
            return std::make_unique<TreePrinter>(source, request.style, out);
        case Form::kJson:
            return std::make_unique<JsonPrinter>(out);
        case Form::kLines:
            break;
    }
    return std::make_unique<LinePrinter>(line, out);
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
Result<bool> print_file(const std::string& path, Request& request, packet::PacketLine& line,
                        packet::TextOutput& out) {
    auto source = Source::open(path);
    if (!source) {
        return std::move(source).error();
    }
    out.set_live(isatty(STDOUT_FILENO) == 1 || is_growing(path));
    const std::unique_ptr<Printer> printer = make_printer(request, *source, line, out);
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
    ignore_write_signals();
    packet::TextOutput out(STDOUT_FILENO, "standard output");
    packet::PacketLine line(request.style);
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
        const Result<bool> printed = print_file(file, request, line, out);
        if (!printed) {
            complain(printed.error());
        } else if (!*printed) {
            break;
        }
    }
    if (const auto written = out.finish(); !written) {
        complain(written.error());
    }
    print_problems(kCommand, request.selection);
    return status;
}

}  // namespace cmd
